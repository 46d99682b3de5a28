/**
 * Paths nobody asks for by accident: old CGI holes (phf CVE-1999-0067, test-cgi CVE-1999-0070, Code Red, Nimda) and what
 * scanners look for today. Lower case, compared with the decoded request target.
 */
const PROBES: readonly string[] = [
  ...[
    '/cgi-bin/',
    '/cgi-bin2/',
    '/cgi-local/',
    '/scripts/..',
    'test-cgi',
    '/phf',
    'formmail',
    '/_vti_',
    '/msadc/',
    'default.ida',
  ],
  ...[
    'cmd.exe',
    'root.exe',
    '/etc/passwd',
    '/etc/shadow',
    '/proc/self/',
    '/../',
    'win.ini',
    'php://',
    'jndi:',
  ],
  ...[
    'wp-login',
    'wp-config',
    'xmlrpc.php',
    'wlwmanifest.xml',
    'phpmyadmin',
    '/pma/',
    'adminer',
    'eval-stdin.php',
    'phpinfo',
  ],
  ...[
    '/.env',
    '/.git',
    '/.svn/',
    '/.hg/',
    '/.aws/',
    '/.ssh/',
    '/.ht',
    '/.ds_store',
    '/.vscode/',
    'id_rsa',
    'sftp-config.json',
  ],
  ...[
    '/boaform/',
    '/goform/',
    '/gponform/',
    '/hnap1',
    '/setup.cgi',
    '/shell?',
    '/manager/html',
    '/jmx-console',
    '/_ignition/',
  ],
  ...['invokefunction', '/vendor/phpunit/', '/remote/fgt_lang', '/dana-na/', '/+cscoe+/'],
];

/** Looked at from the front; scanners put what they look for there. */
const LONGEST_TARGET = 2048;

/** Whether a request target, as the log has it (escapes and all), is a known probe. */
export function isWebProbe(target: string): boolean {
  const plain = decodeTwice(target.slice(0, LONGEST_TARGET)).replaceAll('\\', '/').toLowerCase();
  return PROBES.some((probe) => plain.includes(probe)) || plain.endsWith('/..');
}

/** `%2e` and the log's own `\x2e`; twice, because `%252e` is how scanners write it for careless filters. */
function decodeTwice(target: string): string {
  return decode(decode(target));
}

function decode(text: string): string {
  return text.replace(/(?:%|\\x)([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
