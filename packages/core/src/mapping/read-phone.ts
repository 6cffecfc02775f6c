import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min';

/** Whether a text is an ISO 3166 country whose telephone numbers we can complete. Upper case. */
export function isPhoneCountry(text: string): text is CountryCode {
  return isSupportedCountry(text);
}

/**
 * The E.164 form of a telephone number, or null where the text is none. Without a default country only numbers
 * that begin with `+` can be read. Lengths are checked and allocations are not: numbering plans change.
 */
export function readPhone(text: string, defaultCountry: string | undefined): string | null {
  const country = defaultCountry !== undefined && isPhoneCountry(defaultCountry) ? { defaultCountry } : {};
  const phone = parsePhoneNumberFromString(text, { ...country, extract: false });
  return phone?.isPossible() ? phone.number : null;
}
