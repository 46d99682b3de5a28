import { MemoryOutbox } from '../../src/notify/memory-outbox.ts';
import { outboxConformance } from '../support/outbox-conformance.ts';

outboxConformance('MemoryOutbox', (bounds) => new MemoryOutbox(bounds));
