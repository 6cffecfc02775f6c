import { Turns } from '@callbay/ingestion';
import type { FastifyInstance } from 'fastify';
import { ownerOf } from './owner.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Gives the request's turn to the next. */
    endTurn: (() => void) | null;
  }
}

/** The pool has ten connections: whatever one tenant asks for at once, most of them are left for the others. */
const QUICK = { total: 64, perKey: 4, waitingPerKey: 200 };
const LONG = { total: 8, perKey: 2, waitingPerKey: 16 };

/**
 * Has tenants take turns from the handler to its answer, so that many heavy requests of one tenant keep it waiting and
 * nobody else. Register after the hook that authenticates.
 */
export function giveTurns(app: FastifyInstance): void {
  const lanes = { quick: new Turns(QUICK), long: new Turns(LONG) };
  app.decorateRequest('endTurn', null);
  app.addHook('preHandler', async (request) => {
    const { turn = 'quick' } = request.routeOptions.config;
    if (turn !== 'none') request.endTurn = await lanes[turn].take(ownerOf(request));
  });
  // Also where the handler failed, and where the client has gone: until then its statements run.
  app.addHook('onSend', async (request) => request.endTurn?.());
}
