import { testYears } from './year.ts';

testYears('codacy');
