import { testYears } from './year.ts';

testYears('kosli');
