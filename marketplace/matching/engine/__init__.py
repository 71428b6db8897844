"""The matching engine: ranks needs and donors, allocates budgets, learns from outcomes, and says why. Arrays in, arrays
out: no database, no framework, no clock; all chance comes from a seed.

To read it in an hour, in this order:

1. ``problem``: needs and donors as columns, their rows and units; ``text``: texts as vectors of 32 whole numbers;
   ``build``: both from plain rows, and one row changed at a time.
2. ``candidates``: who may meet whom, the donors filed by kind and area; ``features``: the thirteen things that a pair
   is judged by; ``pairs``: their levels pair by pair, the definition that all else must equal; ``pools``: needs filed
   alike, and everybody who may stand in a list.
3. ``model``: weights of known sign as whole units per step; ``prepared``: a problem made ready for a model;
   ``kernel``: the compiled sweep over all pairs, exact; ``top``: runs it for everybody, one need or one donor;
   ``lists``: the floor for the worst off, exploration by lot (``draws``), neutral lists; ``rank``: the ranked lists
   themselves; ``changes``: a ranker after one change; ``replay``: a run as bytes.
4. ``explain``, ``whynot``: the terms of a score in words, and what keeps a pair apart.
5. ``allocate`` with ``allocate_pairs`` (what is weighed), ``allocate_flow`` (the flow), ``allocate_measure`` (its
   worth): spreads budgets so that few needs get nothing; it only proposes.
6. ``success``, ``chances``: the chance that a pair comes about; ``fit``, ``teach``: learning from outcomes; ``past``
   with ``kinship``, ``factors``, ``exposure``, ``sparse`` (``walks``), then ``signals``, ``learnt``, ``spread``:
   learning from histories.
7. ``evaluate`` (``origins``: several splits in one) with ``history``, ``baselines``, ``metrics``, ``compare``,
   ``judged``, ``report``: rankers compared on a history; ``simulate``: a synthetic year; ``benchmark``
   (``benchmark_jobs``, ``benchmark_sizes``), ``allocate_benchmark``, ``peers``, ``synthetic``: speed and memory beside
   other tools. ``compiled`` is how code is compiled.

Units: money is whole fen; an amount's level is a sixteenth of a doubling; a feature is a whole number of steps from 0
to its top; a score is a sum of units, about 30,000 for a perfect pair, shown as points out of 100; waiting is in days;
chances are between 0 and 1. A row is a place in ``Problem.needs`` or ``Problem.donors``, which stand in the order of
their codes; -1 (``top.NOBODY``) is nobody.
"""
