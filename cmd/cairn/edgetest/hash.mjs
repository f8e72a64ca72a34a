// Prints what the scripts of edges make of names, for a test:
//
//   node hash.mjs DEVICE.js FUNCTION.js < NAMES
//
// NAMES is {"serials":[…],"names":[…]}. For each script, it prints a line with
// {"hashes":[…],"segments":[…]}.

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { createContext, runInContext } from 'node:vm';

const { serials, names } = JSON.parse(readFileSync(0, 'utf8'));
const [device, script] = process.argv.slice(2);
const context = createContext({ cf: { kvs: () => ({}) } });
runInContext(readFileSync(script, 'utf8').replace(/^import .*$/m, ''), context);
for (const { hash, escape } of [await import(pathToFileURL(device)), context]) {
  console.log(JSON.stringify({ hashes: serials.map(hash), segments: names.map(escape) }));
}
