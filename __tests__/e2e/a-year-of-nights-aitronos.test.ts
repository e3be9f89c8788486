import { testYears } from './year.ts';

testYears('aitronos');
