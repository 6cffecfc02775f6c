import { DEFAULT_SETTINGS } from '@callbay/core';
import { expect, test } from 'vitest';
import { mergeSettings, SettingsChange, TenantSettings } from '../src/index.ts';

const defaults = TenantSettings.parse(DEFAULT_SETTINGS);

test('the default settings are what the contract says settings are', () => {
  expect(defaults).toEqual(DEFAULT_SETTINGS);
});

test('an empty change changes nothing', () => {
  expect(mergeSettings(defaults, {})).toEqual(defaults);
});

test('what is absent or undefined stays, at every depth', () => {
  const change = { dataRetention: { evaluatedDays: 30, notEvaluatedDays: undefined }, updateMode: undefined };
  expect(mergeSettings(defaults, change)).toEqual({
    ...defaults,
    dataRetention: { evaluatedDays: 30, notEvaluatedDays: null },
  });
});

test('an explicit null is set', () => {
  const limited = mergeSettings(defaults, {
    dataRetention: { evaluatedDays: 30 },
    filenamePattern: '(?P<uid>.+)',
  });
  const change = { dataRetention: { evaluatedDays: null }, filenamePattern: null };
  expect(mergeSettings(limited, change)).toEqual(defaults);
});

test('directions are merged in lower case, and one set to null is gone', () => {
  const { directions } = mergeSettings(defaults, { directions: { Incoming: 'inbound', IN: null } });
  expect(directions).toEqual({ ...withoutIn(), incoming: 'inbound' });
});

test('lists are replaced, not merged', () => {
  const first = mergeSettings(defaults, { sourcePrefixes: ['ringcentral_'] });
  expect(mergeSettings(first, { sourcePrefixes: ['zoom_'] }).sourcePrefixes).toEqual(['zoom_']);
});

test('an unknown setting is refused by name, beside the other problems', () => {
  const { error } = SettingsChange.safeParse({ colour: 'red', crmWaitSeconds: -1, filenamePattern: '(' });
  expect(error?.issues.map(({ code }) => code).sort()).toEqual(['custom', 'too_small', 'unrecognized_keys']);
});

function withoutIn(): Record<string, string> {
  const { in: _in, ...rest } = defaults.directions;
  return rest;
}
