// What people do in the portal, in a real browser: see README.md. Each file in scenarios is a part of it.
import { readdir } from 'node:fs/promises';
import { run } from './harness/scenario.js';

for (const file of (await readdir(new URL('scenarios/', import.meta.url))).sort()) {
  await import(`./scenarios/${file}`);
}
run(3);
