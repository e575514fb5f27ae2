/** @file Scripts that use every function of the host, also wrongly; each prints what Node can be asked for too. */

/** Functions that the scripts below begin with. */
export const prelude = `
const h = __tn;
const text = (buffer) => h.utf8Decode(buffer, 0, buffer.byteLength, false);
const bytes = (s) => h.utf8Encode(s);
const lines = [];
const log = (...values) => { lines.push(values.map((v) => typeof v === 'string' ? v : JSON.stringify(v)).join(' ')); };
const thrown = (action) => { try { return action(); } catch (e) {
  return [e.name, e.message, e.code, e.errno, e.syscall, e.path, e.dest].filter((v) => v !== undefined).join('|'); } };
h.atExit(() => h.writeText(1, lines.join('\\n') + '\\n'));
`;

/** Files in the current folder. */
export const files = `
h.writeFile('a.txt', bytes('hello wörld'), 0, 12, 'w', 0o644);
h.writeFile('a.txt', bytes('xx!yy'), 2, 1, 'a', 0o644);
log(text(h.readFile('a.txt')), h.stat('a.txt', true).size, (h.stat('a.txt', true).mode & 0o777).toString(8));
log(thrown(() => h.writeFile('a.txt', bytes('x'), 0, 1, 'wx', 0o644)));
log(thrown(() => h.writeFile('b.txt', bytes('x'), 0, 2, 'w', 0o644)), h.stat('b.txt', true));
log(thrown(() => h.writeFile('b.txt', bytes('x'), 0, 1, 'bad', 0o644)));
log(thrown(() => h.readFile('none')), thrown(() => h.readFile('.')), thrown(() => h.readFile('a.txt/b')));
h.mkdir('d', 0o755);
log(thrown(() => h.mkdir('d', 0o755)), thrown(() => h.rmdir('a.txt')), thrown(() => h.unlink('d')));
h.rename('a.txt', 'd/z'); h.symlink('z', 'd/link');
log(h.readdir('d'), h.readlink('d/link'), h.stat('d/link', false).mode >> 12, h.stat('d/link', true).mode >> 12);
log(thrown(() => h.rename('q', 'r')), thrown(() => h.readdir('nope')), thrown(() => h.access('q', 0)), thrown(() => h.readlink('d/z')));
log(h.realpath('d/link') === h.cwd() + '/d/z', thrown(() => h.realpath('nope/x')));
const fd = h.open('d/z', 'r', 0o666); const into = new ArrayBuffer(8);
log(fd > 2, h.read(fd, into, 1, 5, -1), h.read(fd, into, 0, 1, 7), text(into), h.read(fd, into, 0, 8, 100), h.fstat(fd).size);
log(thrown(() => h.read(fd, into, 4, 5, -1)), thrown(() => h.read(fd, into, -1, 1, -1)), thrown(() => h.read(fd, {}, 0, 0, -1)));
h.close(fd); log(thrown(() => h.close(fd)), thrown(() => h.fstat(fd)), thrown(() => h.read(fd, into, 0, 1, -1)));
const map = h.mapFile('d/z'); new Uint8Array(map)[0] = 72; log(text(map), text(h.readFile('d/z')));
log(h.mapFile('/dev/null').byteLength, thrown(() => h.mapFile('nope')), h.readFile('/proc/self/stat').byteLength > 10);
h.chmod('d/z', 0o600); log((h.stat('d/z', true).mode & 0o777).toString(8));
log(thrown(() => h.open('a\\0b', 'r', 0)), thrown(() => h.open(5, 'r', 0)), thrown(() => h.stat()), thrown(() => h.open('x', 'r')));
h.unlink('d/link'); h.unlink('d/z'); h.rmdir('d'); log(h.readdir('.').includes('d'));
h.chdir('/'); log(h.cwd(), thrown(() => h.chdir('/nope')));
log(thrown(() => h.write(99, bytes('x'), 0, 1)), thrown(() => h.write(1, bytes('x'), 1, 1)), h.isTTY(1));
`;

export const processes = `
const pipe = ['pipe', 'pipe', 'pipe'];
const show = (r) => [r.status, r.signal, r.stdout && text(r.stdout), r.stderr && text(r.stderr), r.error ?? null, r.pid > 0];
const sh = (line, more) => show(h.spawnSync('sh', ['-c', line], { maxBuffer: 1 << 20, stdio: pipe, ...more }));
log(sh('echo out; echo err >&2; exit 3'));
log(sh('cat', { input: bytes('grüße') }), sh('cat'), sh('exit 0', { input: new ArrayBuffer(1 << 22) }));
log(sh('pwd; echo $A$PATH', { cwd: '/', env: ['A=1', 'PATH=/bin:/usr/bin'] }));
log(sh('kill -9 $$'), sh('kill -TERM $$'));
log(show(h.spawnSync('no-such-program', [], { maxBuffer: 1, stdio: pipe })));
log(show(h.spawnSync('/', [], { maxBuffer: 1, stdio: pipe })), show(h.spawnSync('sh', [], { maxBuffer: 1, stdio: pipe, cwd: '/nope' })));
const big = h.spawnSync('sh', ['-c', 'yes'], { maxBuffer: 1000, stdio: pipe }); log(big.error, big.status, big.signal, big.stdout.byteLength);
const slow = h.spawnSync('sleep', ['60'], { maxBuffer: 1000, stdio: pipe, timeout: 30, killSignal: 9 }); log(slow.error, slow.signal);
const quiet = h.spawnSync('sh', ['-c', 'exec >&- 2>&-; sleep 60'], { maxBuffer: 1000, stdio: pipe, timeout: 50 }); log(quiet.error, quiet.signal);
log(sh('echo hidden', { stdio: ['ignore', 'ignore', 'pipe'] }));
const much = h.spawnSync('sh', ['-c', 'cat'], { maxBuffer: 1 << 24, stdio: pipe, input: new ArrayBuffer(3000001) }); log(much.stdout.byteLength, much.status);
log(thrown(() => h.spawnSync('sh', 5, { maxBuffer: 1, stdio: pipe })), thrown(() => h.spawnSync('sh', [], {})));
log(thrown(() => h.spawnSync('sh', ['a\\0'], { maxBuffer: 1, stdio: pipe })), thrown(() => h.spawnSync('sh', [], { maxBuffer: 1, stdio: ['x'] })));
log(sh('trap "" TERM; kill -PIPE $$; echo survived'));
`;

export const texts = `
const hex = (b) => Array.from(new Uint8Array(b), (x) => x.toString(16).padStart(2, '0')).join('');
log(hex(bytes('aé€😀\\ud800x')), bytes('').byteLength);
const decode = (list, fatal) => h.utf8Decode(new Uint8Array(list).buffer, 0, list.length, fatal);
log(decode([0x61, 0, 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80], true).length);
for (const list of [[0xff], [0xc0, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xf0, 0x9f, 0x41], [0xe0, 0x80, 0x41]])
  log(escape(decode(list, false)), thrown(() => decode(list, true)));
log(escape(h.latin1Decode(new Uint8Array([0x41, 0xe9, 0xff]).buffer, 0, 3)), thrown(() => h.utf8Decode(new ArrayBuffer(4), 3, 2, false)));
const long = 'x'.repeat(1000) + 'é'.repeat(1000); log(text(bytes(long)) === long);
log(text(h.inflateRaw(new Uint8Array([1, 0, 0, 0, 0, 104, 105]).buffer, 0, 7, 2)), thrown(() => h.inflateRaw(new ArrayBuffer(3), 0, 3, 9)));
`;

export const memory = `
log(h.address(new ArrayBuffer(0)), h.address(new ArrayBuffer(8)) > 0, thrown(() => h.address(5)), thrown(() => h.address(new Uint8Array(4))));
const own = new Uint32Array([7, 8]); const seen = new Uint32Array(h.view(h.address(own.buffer) + 4, 4)); seen[0] = 9; log(own[1], h.view(0, 0).byteLength);
log(h.bind('nothing'), h.bind('test_add')(2 ** 40, -1), h.bind('test_half')(3), h.bind('test_length')('grüße'), h.bind('test_none')(), String(h.bind('test_ones')()));
log(thrown(() => h.bind('test_add')(1)), thrown(() => h.bind('test_add')(1, Symbol())), thrown(() => h.bind('test_length')({ toString() { throw new Error('no'); } })));
log(h.bind('cpu_cores')() > 0, h.bind('pool_threads')() > 0, h.bind('pool_set_threads')(1), h.bind('pool_threads')());
const context = h.bind('context_create')(); log(context > 0, h.bind('context_bytes')(context) >= 0, h.bind('context_destroy')(context));
const zeros = new Uint8Array(h.allocate(300000)); zeros[299999] = 1; log(zeros.length, zeros.reduce((a, b) => a + b), h.allocate(0).byteLength, thrown(() => h.allocate(-1)).split('|')[0]);
const abc = bytes('abc'); log(typeof h.bind('hash64')(h.address(abc), abc.byteLength));
log(h.blocks(), text(h.block(0)), text(h.block(1)), thrown(() => h.block(2)), thrown(() => h.block(3)), thrown(() => h.block(-1)));
new Uint8Array(h.block(1))[0] = 0; log(text(h.block(1)), h.parts, h.partLevel(0) > 0, h.partLevel(1), thrown(() => h.partLevel(2)));
log(h.random(0).byteLength, h.random(100).byteLength, thrown(() => h.random(-1)), h.memory().rss > 1e6, h.memory().heap > 1e4);
log(Object.isFrozen(h), Object.isFrozen(h.argv), Object.isFrozen(h.env), thrown(() => { 'use strict'; h.exit = 1; }), h.now() >= 0, h.timeOrigin > 1e12, h.pid > 0, h.arch);
log(thrown(() => h.view(0, 2 ** 40)), thrown(() => h.view(1.5, 1)));
`;

/** Blocks of all sizes taken, given back and resized at random keep their content; what is left over goes to the system. */
export const heap = `
const pages = () => Number(text(h.readFile('/proc/self/statm')).split(' ')[1]);
let seed = 1; const random = (n) => { seed = (seed * 48271) % 2147483647; return seed % n; };
const held = new Map(); let wrong = 0; let taken = 0;
const make = (size) => ({ size, text: String.fromCharCode(97 + size % 26).repeat(size), list: new Array(size % 60).fill(size), bytes: new Uint8Array(size).fill(size) });
const check = (one) => { const sum = one.list.reduce((a, b) => a + b, 0);
  if (one.text !== String.fromCharCode(97 + one.size % 26).repeat(one.size) || sum !== one.size * one.list.length || one.bytes.some((b) => b !== one.size % 256)) wrong++; };
for (let i = 0; i < 40000; i++) {
  const key = random(3000); const one = held.get(key);
  if (one && random(3) > 0) { check(one); held.delete(key); }
  else if (one) { one.list.push(one.size); one.list.length--; }
  else { held.set(key, make(random(random(2) ? 200 : 1400))); taken++; }
}
for (const one of held.values()) check(one);
held.clear();
log(wrong, taken > 10000);
const before = pages();
let many = Array.from({ length: 200000 }, (_, i) => ({ i, text: 'text ' + i }));
const most = pages(); many = null; const after = pages();
log(most - before > 5000, after - before < (most - before) / 4);
`;
