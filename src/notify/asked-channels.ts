/** Of the configured channels, by name, those a rule asks for with `notify`; all of them when it asks for none. */
export function askedChannels(asked: readonly string[], configured: readonly string[]): readonly string[] {
  return asked.length === 0 ? configured : configured.filter((name) => asked.includes(name));
}
