import { testYears } from './year.ts';

testYears('datafold');
