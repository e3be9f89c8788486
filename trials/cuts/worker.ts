/** Cuts its share of all responses on a thread of its own. */

import { parentPort, workerData } from 'node:worker_threads';
import { cutAll } from './all.ts';
import type { CutOptions } from './cut-response.ts';

parentPort?.postMessage(await cutAll(workerData as CutOptions));
