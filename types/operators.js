// Nothing at run time: see operators.d.ts.
export {};
