// AssemblyScript's number types, as TypeScript sees them in the shared layout.

declare type u32 = number;
declare type i32 = number;
