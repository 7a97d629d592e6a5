//! x
#![allow(missing_docs)]
mod engine;
mod error;
mod limits;
pub use error::{At, Clock, ScriptError};
pub use limits::Limits;
#[cfg(test)]
mod probe {
    use crate::{engine::Engine, Limits};
    #[test]
    fn probe() {
        let l = Limits { cpu: std::time::Duration::from_secs(1), ..Limits::default() };
        for src in [
            "function read(r,i){return {r,i}}",
            "const read = (r,i)=>[{r},{i}]; function finish(){return [{done:1}]}",
            "function read(r){ return {keys: Object.getOwnPropertyNames(globalThis)} }",
            "function read(r){ return {d: new Date('2020-01-01T00:00:00').toISOString(), e: Date.parse('2020-01-01T00:00:00+02:00'), f: Date.parse('1 Jan 2020 10:00'), g: Date.parse('Wed, 01 Jan 2020 10:00:00 GMT'), h: Date.parse('2020-01-01'), i:String(new Date(0)), j:Date.parse('Wed Jan 01 2020 10:00:00 PST'), k:Date.parse('2020-01-01 10:00:00'), l:Date.parse('x'), m:new Date(2020,1,1), n: new Date(new Date(5)), o: Date.parse('2020-01-01T10:00:00.123456Z'),p:Date.parse('2020-01-01T10:00:00.123456789-05:00'), q:`${new Date(0).toLocaleTimeString()}`, z: new Date(0) instanceof Date, y: class extends Date{}.name} }",
            "function read(r){ return new Date() }", "function read(r){ return Date.now() }", "function read(r){ return {a:Date()} }",
            "function read(r){ let s=''; }\n let a = ;", "JSON.parse('{')", "let x=1;", "read = 5", "throw null", "throw {a:1}", "throw Symbol('x')",
            "function read(){return {n:Math.random()}}", "function read(){ return (function(){}).constructor('return 1')() }", "function read(){return {e:eval('1')}}",
            "function read(){ for(;;){} }", "function read(){ return [/(a+)+$/.test('a'.repeat(40)+'b')] }", "function read(){ const a=[]; for(;;) a.push('x'.repeat(1000)+a.length) }",
            "function read(){ const a=[]; for(;;) a.push(new Uint8Array(1e6)) }", "function read(){ try { const a=[]; for(;;) a.push({}) } finally {} }",
            "function read(){ return {a:'x'.repeat(2**30)} }","function read(){ return {a:'x'.repeat(2**29)} }", "function read(){ read() }", "function read(){ return new Array(4e9) }", "function read(){ return Array.from({length:2e6},()=>({})) }",
            "function read(){ const a=[]; a[0]=a; return a }", "function read(){ const a={}; a.a=a; return a }", "async function read(){}", "function* read(){}", "function read(){return {a:1n}}", "function read(){return 5}",
            "import x from 'fs'; function read(){}", "function read(){ return import('fs') }", "function read(){ require('fs') }", "function read(){ Promise.resolve().then(function f(){ Promise.resolve().then(f) }); return {ok:1} }",
            "function read(){ return {a:'\\ud800'} }", "function read(){return {toJSON(){return 5}}}", "Object.prototype.toJSON=()=>[1]; function read(){return {}}", "function read(){ let a=[]; for(let i=0;i<1e5;i++) a=[a]; return {a} }",
            "function read(){ return {a:(2n**1000000n).toString().length} }", "function read(){ let x=2n; for(;;) x=x*x }",
            "class E extends Error { get message(){ for(;;){} } }; function read(){ throw new E() }", "function read(){ throw null }", "function read(){ let s='x'; for(;;) s+=s }", "function read(){ const a=[]; for(;;) a.push(1) }",
            "function read(){ return [...Array(3e6).keys()].sort((a,b)=>b-a).map(n=>({n})) }",
        ] {
            let t = std::time::Instant::now();
            let out = Engine::load(src, &l).and_then(|mut e| { let a = e.feed(["{\"a\":1}", "[2]"])?; let b = e.finish()?; Ok((a, b)) });
            let out = format!("{out:?}");
            println!("{:>5} ms {}\n      {}", t.elapsed().as_millis(), &src[..src.len().min(90)], &out[..out.len().min(1500)]);
        }
    }
}
