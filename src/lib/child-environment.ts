/** Our variables begin so; passwords and tokens are among them. */
const OURS = 'KNOCKWATCH_';

/** What a program we start finds in its environment: what we found in ours, without what is meant for us alone. */
export function childEnvironment(own: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(own).filter(([name]) => !name.startsWith(OURS)));
}
