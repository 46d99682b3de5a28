/**
 * Dies on the spot (SIGKILL) the n-th time the program passes the point that KNOCKWATCH_CRASH_AT names (`before-commit:3`), so
 * that tests can prove what survives. Does nothing unless NODE_ENV is `test`.
 */
export const crashPoint: (name: string) => void = armed();

function armed(): (name: string) => void {
  const [wanted, count = '1'] = (process.env['KNOCKWATCH_CRASH_AT'] ?? '').split(':');
  if (process.env['NODE_ENV'] !== 'test' || wanted === '') return () => {};
  let left = Number(count);
  return (name) => {
    if (name === wanted && --left === 0) process.kill(process.pid, 'SIGKILL');
  };
}
