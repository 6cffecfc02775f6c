/** What a principal may be, where the server of buckets is AWS or another. */
export interface PrincipalRules {
  /** Lets a whole account in: whoever its administrator lets. */
  readonly allowAccountRoot: boolean;
  /** AWS names a user or role by account; others leave the account out or put a tenant of theirs there. */
  readonly isAws: boolean;
}

const ACCOUNT = /^\d{12}$/;
const ARN = /^arn:(aws|aws-cn|aws-us-gov):(iam|sts)::([^:]*):(.+)$/;
const NAMED = /^(user|role)\/[\w+=,.@/-]{1,512}$/;
const TENANT = /^[\w.-]{0,64}$/;

/** Why a principal cannot be let into a bucket, in words for whoever gave it; null where it can. */
export function checkPrincipal(arn: string, rules: PrincipalRules): string | null {
  if (arn.includes('*')) return 'A principal names one user or role: `*` would let others in.';
  if (ACCOUNT.test(arn) || arn.endsWith(':root')) {
    const isArn = ACCOUNT.test(arn) || /^arn:aws(-cn|-us-gov)?:iam::\d{12}:root$/.test(arn);
    if (isArn && rules.allowAccountRoot) return null;
    return 'The root of an account lets all of the account in: set `allowAccountRoot` if that is meant.';
  }
  const [, , service, account = '', name = ''] = ARN.exec(arn) ?? [];
  if (service === undefined)
    return 'Not the ARN of a user or role, such as `arn:aws:iam::123456789012:user/acme`.';
  if (service === 'sts')
    return 'A session of a role ends: give the ARN of the role itself, `arn:aws:iam::…:role/…`.';
  if (!NAMED.test(name)) return 'Only users and roles can be let in: `…:user/NAME` or `…:role/NAME`.';
  const isAccountGood = rules.isAws ? ACCOUNT.test(account) : TENANT.test(account);
  return isAccountGood ? null : 'The account of an ARN has 12 digits.';
}
