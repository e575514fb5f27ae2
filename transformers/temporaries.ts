/** @file Variables that the transformer declares: one block of them per function body. */

/** The temporaries of one function body (or module, or static block). */
export class Temporaries {
  /** The offset in the source at which the declaration goes. */
  readonly at: number;
  readonly names: string[] = [];
  private readonly next: () => string;

  constructor(at: number, next: () => string) {
    this.at = at;
    this.next = next;
  }

  /** A variable that nothing else uses: a new one for every place, so that nested places cannot meet. */
  fresh(): string {
    const name = this.next();
    this.names.push(name);
    return name;
  }

  /** The declaration, or an empty string when no variable was asked for. */
  declaration(): string {
    return this.names.length > 0 ? ` let ${this.names.join(', ')};` : '';
  }
}
