import { testYears } from './year.ts';

testYears('infisical');
