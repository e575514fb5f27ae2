/** @file Every host function in the real engine: results, failures in Node's words, how programs end. */

import { describe, expect, it } from 'vitest';
import { compileBytecode } from '../index.ts';
import { files, heap, memory, prelude, processes, texts } from './programs.ts';
import { buildTestEngine, pinnedSource, type RunResult } from './support.ts';

const source = pinnedSource();

describe.skipIf(!source)('the host of packaged programs', () => {
  const engine = buildTestEngine(source!);
  const lines = (run: RunResult): string[] => {
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    return run.stdout.trimEnd().split('\n');
  };

  it('reads, writes and lists files', () => {
    const out = lines(engine.run(prelude + files));
    expect(out.slice(0, 6)).toEqual([
      'hello wörld! 13 644',
      "Error|EEXIST: file already exists, open 'a.txt'|EEXIST|-17|open|a.txt",
      'RangeError|bytes 0 to 2 are outside of a buffer of 1 bytes null',
      "TypeError|The argument 'flags' is invalid. Received 'bad'",
      "Error|ENOENT: no such file or directory, open 'none'|ENOENT|-2|open|none Error|EISDIR: illegal operation on a directory, read|EISDIR|-21|read Error|ENOTDIR: not a directory, open 'a.txt/b'|ENOTDIR|-20|open|a.txt/b",
      "Error|EEXIST: file already exists, mkdir 'd'|EEXIST|-17|mkdir|d Error|ENOTDIR: not a directory, rmdir 'a.txt'|ENOTDIR|-20|rmdir|a.txt Error|EISDIR: illegal operation on a directory, unlink 'd'|EISDIR|-21|unlink|d",
    ]);
    expect(out[6]).toBe('["link","z"] z 10 8');
    expect(out[7]).toContain("ENOENT: no such file or directory, rename 'q' -> 'r'|ENOENT|-2|rename|q|r");
    expect(out[7]).toContain("scandir 'nope'");
    expect(out[7]).toContain("EINVAL: invalid argument, readlink 'd/z'");
    expect(out[8]).toMatch(/^true Error\|ENOENT/);
    expect(out[9]).toBe('true 5 1 \ufffdhello\0\0 0 13');
    expect(out[11].match(/EBADF: bad file descriptor, \w+/g)).toHaveLength(3);
    expect(out[12]).toBe('Hello wörld! hello wörld!');
    expect(out[13]).toMatch(/^0 .*ENOENT.* true$/);
    expect(out.slice(-3)).toEqual([
      'false',
      "/ Error|ENOENT: no such file or directory, chdir '/nope'|ENOENT|-2|chdir|/nope",
      'Error|EBADF: bad file descriptor, write|EBADF|-9|write RangeError|bytes 1 to 2 are outside of a buffer of 1 bytes false',
    ]);
  });

  it('runs other programs and waits for them', () => {
    const out = lines(engine.run(prelude + processes));
    expect(out[0]).toBe('[3,null,"out\\n","err\\n",null,true]');
    expect(out[1]).toBe('[0,null,"grüße","",null,true] [0,null,"","",null,true] [0,null,"","",null,true]');
    expect(out[2]).toBe('[0,null,"/\\n1/bin:/usr/bin\\n","",null,true]');
    expect(out[3]).toBe('[null,"SIGKILL","","",null,true] [null,"SIGTERM","","",null,true]');
    expect(out[4]).toBe('[null,null,null,null,"ENOENT",false]');
    expect(out[5]).toBe('[null,null,null,null,"EACCES",false] [null,null,null,null,"ENOENT",false]');
    expect(out[6]).toBe('ENOBUFS null SIGTERM 1000');
    expect(out[7]).toBe('ETIMEDOUT SIGKILL');
    expect(out[8]).toBe('ETIMEDOUT SIGTERM');
    expect(out[9]).toBe('[0,null,null,"",null,true]');
    expect(out[10]).toBe('3000001 0');
    // What this process ignores does not reach the child: a broken pipe ends it.
    expect(out.at(-1)).toBe('[null,"SIGPIPE","","",null,true]');
  });

  it('turns text into bytes and back as the Encoding standard says', () => {
    const out = lines(engine.run(prelude + texts));
    expect(out[0]).toBe('61c3a9e282acf09f9880efbfbd78 0');
    expect(out[1]).toBe('5');
    const decoder = new TextDecoder();
    const bad = [
      [0xff],
      [0xc0, 0x80],
      [0xe2, 0x82],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xf0, 0x9f, 0x41],
      [0xe0, 0x80, 0x41],
    ];
    bad.forEach((list, i) => {
      const [text, error] = out[2 + i].split(' TypeError|');
      expect(unescape(text)).toBe(decoder.decode(new Uint8Array(list)));
      expect(error).toBe('The encoded data was not valid for encoding utf-8');
    });
    expect(out.slice(-3)).toEqual([
      'A%E9%FF RangeError|bytes 3 to 5 are outside of a buffer of 4 bytes',
      'true',
      'hi TypeError|these 3 bytes are not deflated data of 9 bytes',
    ]);
  });

  it('gives native code, memory and the payload', () => {
    const out = lines(engine.run(prelude + memory, { env: { TN_THREADS: '' } }));
    expect(out[0]).toMatch(/^0 true TypeError.* TypeError/);
    expect(out[1]).toBe('9 0');
    expect(out[2]).toBe('null 1099511627775 1.5 7 null 18446744073709551615');
    expect(out[3]).toMatch(/^TypeError\|test_add takes 2 arguments, not 1 TypeError.* Error\|no$/);
    expect(out[4]).toBe('true true  1');
    expect(out[5]).toBe('true true 0');
    expect(out[6]).toBe('300000 1 0 RangeError');
    expect(out[7]).toBe('bigint');
    expect(out[8]).toContain('0123456789abcdef plain asset Error|asset/a/damaged: the checksum is wrong RangeError');
    expect(out[9]).toMatch(/^plain asset 2 true 0 RangeError/);
    expect(out[11]).toMatch(/^true true true TypeError/);
  });

  it('takes and gives back memory', () => {
    expect(lines(engine.run(prelude + heap))).toEqual(['0 true', 'true true']);
  });

  it('runs jobs, timers and what waits for the end, in order', () => {
    const script = `${prelude}
      h.atExit((code) => log('exit', code));
      h.setTimer(() => log('late'), 400, false);
      const gone = h.setTimer(() => log('never'), 1, false); h.clearTimer(gone); h.clearTimer(12345);
      let times = 0; const again = h.setTimer(() => { log('again'); if (++times === 3) h.clearTimer(again); }, 2, true);
      h.enqueueJob(() => log('job')); Promise.resolve().then(() => log('then')); log('first');
      log(thrown(() => h.setTimer(5)), thrown(() => h.enqueueJob()));
      h.setExitCode(7);`;
    const run = engine.run(script);
    expect(run.stdout.trimEnd().split('\n')).toEqual([
      'first',
      'TypeError|The "callback" argument must be of type function TypeError|The "callback" argument must be of type function',
      'job',
      'then',
      'again',
      'again',
      'again',
      'late',
    ]);
    expect(run.status).toBe(7);
  });

  it('ends with one line for an error that nobody caught', () => {
    const ends = (script: string, env = {}): string => {
      const run = engine.run(script, { env });
      return `${run.status} ${run.stderr}`;
    };
    expect(ends('throw new RangeError("a\\n  found b\\n  fix c")')).toBe('1 Uncaught RangeError: a; found b; fix c\n');
    expect(ends('throw 5')).toBe('1 Uncaught 5\n');
    expect(ends('throw undefined')).toBe('1 Uncaught undefined\n');
    expect(ends('throw { get message() { throw 1; } }')).toMatch(/^1 Uncaught .*\n$/);
    expect(ends('throw { toString() { throw 1; } }')).toBe('1 Uncaught error\n');
    expect(ends('Promise.reject(new Error("lost"))')).toBe('1 Uncaught Error: lost\n');
    expect(ends('const p = Promise.reject(1); p.catch(() => {});')).toBe('0 ');
    expect(ends('__tn.setTimer(() => { throw new Error("t") }, 1, false)')).toBe('1 Uncaught Error: t\n');
    expect(ends('__tn.enqueueJob(() => { throw new Error("j") })')).toBe('1 Uncaught Error: j\n');
    expect(ends('__tn.atExit(() => { throw new Error("x") })')).toBe('1 Uncaught Error: x\n');
    expect(ends('function f() { f(); } f();')).toMatch(/^1 Uncaught InternalError: stack overflow\n$/);
    expect(ends('function inner() { throw new Error("deep") } inner()', { TN_DEBUG: '1' })).toMatch(/deep\n.*at inner/);
    expect(ends('__tn.atExit((c) => __tn.exit(c + 1)); __tn.exit(4)')).toBe('5 ');
    expect(ends('try { __tn.exit(3) } finally { __tn.writeText(2, "no") }')).toBe('3 ');
  });

  it('bears closed streams, full disks and few descriptors', () => {
    const shell = (script: string, line: string): string => {
      const run = engine.run(prelude + script, { shell: line });
      return `${run.status} ${run.stdout}${run.stderr}`;
    };
    const write =
      'h.setExitCode(0); lines.push(thrown(() => h.writeText(1, "x".repeat(100000))) ?? "done"); h.writeText(2, lines.pop() + "\\n");';
    expect(shell(write, '$ENGINE 2>&1 >/dev/full')).toContain(
      'Error|ENOSPC: no space left on device, write|ENOSPC|-28|write',
    );
    expect(shell(write, '$ENGINE 2>&1 >&-')).toContain('Error|EBADF: bad file descriptor, write|EBADF|-9|write');
    expect(shell('log(text(h.readFile("/dev/stdin")));', 'printf abc | $ENGINE')).toBe('0 abc\n');
    expect(
      shell(
        'log(thrown(() => h.read(0, new ArrayBuffer(4), 0, 4, -1)), h.open("/dev/null", "r", 0) > 2);',
        '$ENGINE <&-',
      ),
    ).toContain('true');
    expect(
      shell(
        'log(h.spawnSync("echo", ["hi"], { maxBuffer: 100, stdio: ["pipe", "pipe", "inherit"] }).stdout.byteLength);',
        '$ENGINE <&-',
      ),
    ).toBe('0 3\n');
    expect(
      shell('h.open("/", "r", 0); log(thrown(() => h.open("/dev/null", "r", 0)));', 'ulimit -n 4; $ENGINE'),
    ).toContain('EMFILE: too many open files');
    const pipe =
      'for (let i = 0; i < 100; i++) { const e = thrown(() => h.writeText(1, "y".repeat(100000))); if (e) { h.writeText(2, e + "\\n"); break; } }';
    expect(shell(pipe, '{ $ENGINE 2>&3 | head -c 1 >/dev/null; } 3>&1')).toContain(
      'Error|EPIPE: broken pipe, write|EPIPE|-32|write',
    );
  });

  it('passes arguments and the environment on', () => {
    const out = lines(
      engine.run(`${prelude} log(h.argv.slice(1), h.env.A, h.env.EMPTY === '', 'B' in h.env);`, {
        args: ['ä', '--x', ''],
        env: { A: 'ü', EMPTY: '' },
      }),
    );
    expect(out[0]).toMatch(/\["ä","--x",""\] ü true false$/);
  });

  it('makes the same bytecode of the same script, without its source', () => {
    const script = 'const secretName = 1; /* a comment */ __tn.writeText(1, "visible " + secretName);';
    const [first, second] = [0, 1].map(() => Buffer.from(compileBytecode(engine.tool, script, { name: 'app' })));
    expect(first.equals(second)).toBe(true);
    expect(first.includes('visible')).toBe(true);
    expect(first.includes('a comment')).toBe(false);
    expect(() => compileBytecode(engine.tool, 'let = (', { name: 'app' })).toThrow(/SyntaxError/);
  });
});
