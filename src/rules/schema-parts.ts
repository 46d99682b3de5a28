import { z } from 'zod';

/** Text for people, without line ends. */
export const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^[^\x00-\x1f\x7f]*$/, { error: 'must fit on one line, without control characters' });

/** A name that stands in files, mails and commands. */
export const id = (what: string) =>
  z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, {
    error: `a ${what} id has up to 64 lower-case letters, digits, dots, hyphens and underscores, and starts with a letter or digit`,
  });

export const attemptKind = z.enum(['packet', 'login', 'request']);
export const action = z.enum(['denied', 'allowed', 'failed', 'unknown']);
