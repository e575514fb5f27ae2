/** @file Whisper loaded as the demo loads it, up to the first native call of a part: prints the time as `first.ts` does. */

import { openAsset, partReports, tensor } from 'torchnative';
import { loadAudio } from '../../examples/whisper/audio.ts';
import { loadSizes, loadTokenizer, loadWhisper } from '../../examples/whisper/loadModel.ts';

const [folder, recording] = process.argv.slice(2);
const checkpoint = openAsset(folder);
const sizes = loadSizes(checkpoint);
loadTokenizer(checkpoint, sizes);
const model = loadWhisper(checkpoint, sizes);
model.mel.forward(tensor(loadAudio(recording)));
const now = performance.timeOrigin + performance.now();
console.log(JSON.stringify({ now, native: partReports().get('mel')?.native ?? 0 }));
