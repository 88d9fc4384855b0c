/** Describes what needs root: network namespaces, the kernel's firewall, a tree's programs. Without root each test is listed as a skip. */
export const describeAsRoot: jest.Describe = process.getuid?.() === 0 ? describe : describe.skip;
