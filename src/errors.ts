/** The world's faults, as a person can act on them. Any other error is a bug of ours and is not caught. */
export type Code =
  | 'MISUSED'
  | 'CONFIG_INVALID'
  | 'NOT_FOUND'
  | 'AMBIGUOUS'
  | 'REFUSED'
  | 'COMMAND_FAILED'
  | 'FIREWALL_FAILED'
  | 'FIREWALL_DRIFT'
  | 'STORE_FAILED'
  | 'STORE_NEWER'
  | 'LOCKED'
  | 'AGI_FAILED'
  | 'AMI_DOWN'
  | 'AMI_REFUSED'
  | 'AMI_FAILED'
  | 'DNS_FAILED'
  | 'MAIL_FAILED'
  | 'SETUP_FAILED'
  | 'COUNTRY_FAILED'
  | 'EXCHANGE_FAILED';

/** What happened, and what to do about it. `code` is stable and is what scripts read. */
export class AppError extends Error {
  override readonly name = 'AppError';
  constructor(
    readonly code: Code,
    /** What happened, quoting the thing it happened to. */
    readonly what: string,
    /** What to do: a command or a setting. */
    readonly hint: string,
    cause?: unknown,
  ) {
    super(`${what}\n  → ${hint}`, { cause });
  }
}

/**
 * What `read` makes of the JSON that a tool of this machine has said. Throws COMMAND_FAILED where that is none, or of
 * another shape than `tool` has: a tool that is older or newer than ours is a fault of the world and not a bug.
 */
export function fromTool<T>(tool: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    throw new AppError('COMMAND_FAILED', `what ${tool} said cannot be understood`, `which version is ${tool}?`, error);
  }
}
