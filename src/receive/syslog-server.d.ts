/** The part of syslog-server 1.0.1 that is used here; the package brings no types. */
declare module 'syslog-server' {
  import type { BindOptions } from 'node:dgram';
  import type { EventEmitter } from 'node:events';

  class SyslogServer extends EventEmitter {
    /** Does not settle when the port is taken: only `error` fires. */
    start(options: BindOptions): Promise<void>;
    stop(): Promise<void>;
    isRunning(): boolean;
  }
  export = SyslogServer;
}
