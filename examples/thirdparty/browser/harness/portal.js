// The portal: built from this checkout, started on a free port of this machine, and stopped.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

// Everybody's, in every portal that is started here.
export const password = 'plain walnut harbour 42';

// build makes the program, as who has this module alone gets it, and gives its path and a way to be rid of it.
export async function build() {
  const folder = await mkdtemp(path.join(tmpdir(), 'portal-'));
  const program = path.join(folder, 'portal');
  await promisify(execFile)('go', ['build', '-o', program, './examples/portal'], { cwd: root, env: { ...process.env, GOWORK: 'off' } });
  return { program, remove: () => rm(folder, { recursive: true }) };
}

// start runs a portal of its own and gives its address, which it prints itself.
export async function start(program) {
  const process = spawn(program, ['-addr', 'localhost:0', '-password', password], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  process.stderr.on('data', (text) => { log += text; });
  const ended = once(process, 'exit');
  const address = await Promise.race([greeted(process.stdout), ended.then(() => { throw new Error('the portal ended: ' + log); })]);
  return {
    address,
    log: () => log,
    async stop() {
      process.kill('SIGTERM');
      const [status] = await ended;
      if (status !== 0) throw new Error(`the portal ended with ${status}: ${log}`);
    },
  };
}

async function greeted(output) {
  for await (const line of createInterface(output)) {
    const address = /My Account is at (http:\S+)/.exec(line);
    if (address) {
      output.resume(); // so that it is never kept waiting for a reader
      return address[1];
    }
  }
  throw new Error('the portal printed no address');
}
