/** What is wrong with keys that are not an address, as the one prompt that helps most. */
import type { Prompt } from './prompt';

/** For keys that `readDialledAddress` has refused. */
export function misdialled(keys: string): Prompt {
  if (/^\d{12}$/.test(keys)) return 'address-too-big';
  if (!keys.includes('*')) return 'address-stars';
  const numbers = keys.split('*');
  if (numbers.includes('')) return 'address-gap';
  if (numbers.length < 4) return 'address-too-short';
  if (numbers.length > 4) return 'address-too-long';
  if (numbers.some((number) => /^0\d/.test(number))) return 'address-zeros';
  return 'address-too-big';
}
