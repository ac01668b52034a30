using CsCheck;
using GmailCluster.Cluster.Training;
using GmailCluster.Grains;

namespace GmailCluster.Cluster.Tests.Training;

public sealed class RunRecoveryTests
{
    private static readonly Gen<RunReport[]> Reports = Gen.Select(Gen.Int[-1, 12], Gen.Bool, Gen.Bool).Array[0, 6].Select(nodes => nodes
        .Select((node, i) => Report($"s{i}", node.Item1 < 0 ? null : node.Item1, node.Item2))
        .ToArray());

    [Fact]
    public void Nothing_that_anybody_has_is_lost_and_nothing_is_resumed_that_nobody_has() =>
        Gen.Select(Reports, Gen.Int[-1, 12]).Sample((reports, newest) =>
        {
            int? checkpoint = newest < 0 ? null : newest;

            var decision = RunRecovery.Decide(reports, checkpoint);

            Assert.All(reports, report => Assert.True(decision.Steps >= (report.CommittedSteps ?? 0)));
            Assert.True(decision.Steps >= (checkpoint ?? 0));
            Assert.True(decision.Source switch
            {
                StateSource.Peer => decision.Holder!.CommittedSteps == decision.Steps,
                StateSource.Checkpoint => checkpoint == decision.Steps,
                _ => decision.Steps == 0,
            });
        });

    [Fact]
    public void A_copy_is_taken_before_a_checkpoint_of_the_same_step_and_from_a_silo_that_stays()
    {
        RunReport[] reports = [Report("a", 7, isDraining: true), Report("b", 7), Report("c", 6)];

        var decision = RunRecovery.Decide(reports, newestCheckpoint: 7);

        Assert.Equal((StateSource.Peer, "b"), (decision.Source, decision.Holder!.Silo));
    }

    /// <summary>
    /// A model of the protocol: silos commit steps of the plan they are in, die, hang and come back; owners raise the number and
    /// plan. Whatever the history, two copies with equally many steps are the same state, and the run never goes back further
    /// than to what was left of it.
    /// </summary>
    [Fact]
    public void No_history_of_losses_makes_two_states_of_one_step() =>
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 4]).Array[1, 120].Sample(history =>
        {
            var model = new ProtocolModel(silos: 5);
            foreach (var (action, silo) in history)
            {
                model.Do(action, silo);
                model.Check();
            }
        });

    private static RunReport Report(string silo, int? steps, bool isDraining = false) =>
        new(silo, RunReadiness.Ready, new RunNode(silo, silo, 1, null, isDraining), steps is not null, steps);

    private sealed class ProtocolModel(int silos)
    {
        private readonly RunFence[] _fences = new RunFence[silos];
        private readonly int?[] _steps = new int?[silos];
        private readonly long[] _planOf = new long[silos];
        private readonly bool[] _answers = [.. Enumerable.Repeat(true, silos)];
        private readonly Dictionary<(long Plan, int Step), HashSet<int>> _brought = [];
        private readonly Dictionary<int, long> _firstCommit = [];
        private readonly Dictionary<long, (int[] Members, int Resume)> _plans = [];
        private long _stored;
        private int _checkpoint;

        public void Do(int action, int silo)
        {
            switch (action)
            {
                case 0: // dies, and a new process takes its place
                    (_fences[silo], _steps[silo], _planOf[silo], _answers[silo]) = (default, null, 0, true);
                    break;
                case 1: // hangs, or comes back
                    _answers[silo] = !_answers[silo];
                    break;
                case 2:
                    Plan();
                    break;
                default: // computes, or commits when all of its plan have brought theirs; a hung one does so when it comes back
                    Step(silo, commits: action == 3);
                    break;
            }
        }

        public void Check()
        {
            foreach (var (plan, (members, resume)) in _plans)
            {
                var held = members.Where(silo => _planOf[silo] == plan).Select(silo => _steps[silo]!.Value).ToArray();
                Assert.True(held.Length == 0 || held.Max() - held.Min() <= 1);
                Assert.All(held, steps => Assert.True(steps >= resume));
            }

            Assert.All(_fences, fence => Assert.True(fence.Number <= _stored));
        }

        private void Plan()
        {
            _stored++;
            var reports = new List<RunReport>();
            for (var silo = 0; silo < silos; silo++)
            {
                if (_answers[silo])
                {
                    (_fences[silo], var isAdmitted) = _fences[silo].Hear(_stored);
                    Assert.True(isAdmitted);
                    reports.Add(Report($"{silo}", _steps[silo]));
                }
            }

            if (reports.Count == 0)
            {
                return;
            }

            var decision = RunRecovery.Decide(reports, _checkpoint);
            int[] members = [.. reports.Select(report => int.Parse(report.Silo, System.Globalization.CultureInfo.InvariantCulture))];
            foreach (var silo in members)
            {
                (_steps[silo], _planOf[silo]) = (decision.Steps, _stored);
            }

            _plans[_stored] = (members, decision.Steps);
        }

        private void Step(int silo, bool commits)
        {
            if (_planOf[silo] == 0 || !_fences[silo].Hear(_planOf[silo]).IsAdmitted || _steps[silo] is not { } step)
            {
                return; // told of a newer plan, its ranks have ended
            }

            var brought = _brought.TryGetValue((_planOf[silo], step), out var known) ? known : _brought[(_planOf[silo], step)] = [];
            brought.Add(silo);
            if (commits && brought.IsSupersetOf(_plans[_planOf[silo]].Members))
            {
                _steps[silo] = step + 1;
                _firstCommit.TryAdd(step, _planOf[silo]);
                if (_plans[_planOf[silo]].Members[0] == silo && (step + 1) % 3 == 0 && _stored == _planOf[silo])
                {
                    _checkpoint = step + 1;
                }
            }
        }
    }
}
