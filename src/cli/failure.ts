/** @file How a command ends: 0 done, 1 the work failed, 2 the request was wrong; one line on standard error. */

/** Ends the command with one line and an exit code, without a stack trace. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: 1 | 2;

  constructor(exitCode: 1 | 2, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The request was wrong: an unknown part, option or file. */
export function badRequest(message: string): CommandFailure {
  return new CommandFailure(2, message);
}

/** The request was right and the work failed. */
export function workFailed(message: string): CommandFailure {
  return new CommandFailure(1, message);
}
