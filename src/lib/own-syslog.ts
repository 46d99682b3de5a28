/**
 * How knockwatch names itself in the syslog it writes, so that it knows its own lines when they come back. 32473 is the
 * enterprise number for examples (RFC 5612); knockwatch has none of its own.
 */
export const OWN_APP_NAME = 'knockwatch';
export const OWN_SD_ID = 'knockwatch@32473';
