/** @file A worker thread that reads the digits on the images that it is given. */

import { parentPort, workerData } from 'node:worker_threads';
import { classify } from 'demo';

parentPort.postMessage(classify(workerData).digits.data.join(' '));
