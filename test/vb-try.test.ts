import { it } from 'vitest';
import { parse } from '../src/parse/index.ts';
import { decodeLine } from './support/decode-line.ts';
import { readFileSync, writeFileSync } from 'node:fs';
it('x', () => { const out: string[] = []; for (const l of readFileSync('/tmp/vb-lines.txt','utf8').split('\n').filter(Boolean)) { const r = parse(decodeLine(l), {prefixes: []}) as any; const a=r?.attempt; out.push((a ? `${a.parser} ${a.action} ${a.transport} ${a.source.ip}:${a.source.port} -> ${a.destination.ip}:${a.destination.port} x${a.count} rule=${a.rule} icmp=${JSON.stringify(a.icmp)} fl=${a.tcpFlags} in=${a.ingress}` : JSON.stringify(r)) + '    <= ' + l.slice(0,120)); } writeFileSync('/tmp/vb-out.txt', out.join('\n')); });
