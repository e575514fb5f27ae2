/** @file Programs that use what engines of some years ago lack; plain JavaScript, for the engine and for Node. */

/** What Node 20 has: prints one line of JSON, then the order of jobs and timers. */
export const modern = `
const g = globalThis;
const out = {};
out.at = [[1,2,3].at(-1), 'abc'.at(-2), new Uint8Array([5,6]).at(-1)];
out.findLast = [1,2,3,4].findLast((x) => x % 2 === 1);
out.sorted = [[3,1,2].toSorted(), [1,2].toReversed(), [1,2,3].with(1, 9), [1,2,3].toSpliced(1,1,'x')];
out.hasOwn = Object.hasOwn({a:1}, 'a');
out.replaceAll = 'a.b.c'.replaceAll('.', '$$');
out.wf = ['a\\ud800'.isWellFormed(), 'a\\ud800b'.toWellFormed()];
const e = new TypeError('x', { cause: 5 }); out.cause = [e.cause, e instanceof TypeError, e instanceof Error, e.name, e.constructor === TypeError];
class My extends Error { constructor(m) { super(m, { cause: 'c' }); this.name = 'My'; } }
const m = new My('q'); out.my = [m instanceof My, m instanceof Error, m.cause, String(m), Error('z') instanceof Error];
out.enc = Array.from(new TextEncoder().encode('hé\\ud800€😀'));
out.dec = new TextDecoder().decode(new Uint8Array([0xef,0xbb,0xbf,0x68,0xff,0xc3,0xa9,0xe2,0x82]));
const d = new TextDecoder(); out.stream = d.decode(new Uint8Array([0xe2,0x82]), {stream:true}) + d.decode(new Uint8Array([0xac, 0x41]));
try { new TextDecoder('utf-8', {fatal:true}).decode(new Uint8Array([0xff])); } catch (x) { out.fatal = [x.name, x.code, x.message]; }
out.b64 = [btoa('hello!'), btoa('hi'), atob('aGVsbG8h'), atob('aGk=')];
out.clone = JSON.stringify(structuredClone({a:[1,{b:2}], d: new Map([[1,2]]).size}));
const cyc = { x: new Float32Array([1,2]) }; cyc.me = cyc; const cc = structuredClone(cyc); out.cyc = [cc.me === cc, cc !== cyc, cc.x[1], cc.x.constructor.name];
const urls = [['file:///app/main.ts'], ['./model', 'file:///app/src/main.ts'], ['../x y/ü?q=1#h', 'file:///a/b/c'], ['https://User:p@Example.com:443/a/../b?x=1 2#f'], ['/abs', 'file:///a/b'], ['?z', 'https://h/p'], ['file://localhost/x'], ['data:text/plain,hi'], ['#f', 'file:///a/b?c'], ['', 'file:///a/b?c#d'], ['a%2e/../b', 'file:///x/']];
out.urls = urls.map(([u, b]) => { try { const x = new URL(u, b); return [x.href, x.pathname, x.search, x.hash, x.protocol, x.host, x.hostname, x.port, x.origin, x.username]; } catch (x) { return x.code; } });
try { new URL('nope'); } catch (x) { out.bad = [x.name, x.code]; }
const sp = new URLSearchParams('a=1&b=2&a=3'); sp.set('b', 'x y'); sp.append('é', '&'); out.sp = [sp.toString(), sp.getAll('a'), sp.size];
out.types = [typeof performance.now(), typeof crypto.randomUUID(), crypto.randomUUID().length, typeof g.WeakRef];
console.log(JSON.stringify(out));
const order = [];
const t = setTimeout(() => order.push('never'), 1); clearTimeout(t);
setTimeout((a) => { order.push(a); console.log(order.join(' ')); }, 20, 't20');
setTimeout(() => order.push('t1'), 1); queueMicrotask(() => order.push('micro')); Promise.resolve().then(() => order.push('then'));
const i = setInterval(() => { order.push('i'); clearInterval(i); }, 2);
console.log('%s %d %o', 'a', 5, 'x'); console.error('to stderr');
`;

/** What came after it. */
export const newest = `
const { promise, resolve } = Promise.withResolvers();
promise.then((value) => console.log(
  JSON.stringify(Object.groupBy([1, 2, 3], (x) => (x % 2 ? 'odd' : 'even'))),
  JSON.stringify([...Map.groupBy([1, 2, 3], (x) => x % 2 === 1)]),
  JSON.stringify([...new Set([1, 2]).union(new Set([2, 3]))]),
  JSON.stringify([...new Set([1, 2]).intersection(new Set([2, 3]))]),
  JSON.stringify([...new Set([1, 2]).difference(new Set([2, 3]))]),
  new Set([1]).isSubsetOf(new Set([1, 2])),
  value,
));
resolve(5);
`;
