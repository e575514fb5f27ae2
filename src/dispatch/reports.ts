/** @file What the calls of each part did, counted for reports. */

export interface PartReport {
  native: number;
  captured: number;
  eager: number;
  /** ms in calls of this part. */
  ms: number;
}

const reports = new Map<string, PartReport>();

/** What the calls of every part of this process did so far, by name. */
export function partReports(): ReadonlyMap<string, Readonly<PartReport>> {
  return reports;
}

/** The counters of one part: every overload of its name counts there. */
export function reportOf(part: string): PartReport {
  let report = reports.get(part);
  if (!report) {
    report = { native: 0, captured: 0, eager: 0, ms: 0 };
    reports.set(part, report);
  }
  return report;
}
