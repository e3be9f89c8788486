// The least that an action in JavaScript can be.
import * as core from '@actions/core';

core.info('started');
