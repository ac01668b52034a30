using System.Security.Cryptography;
using GmailCluster.Cluster.Checkpoints;
using GmailCluster.Cluster.Stages;
using GmailCluster.Cluster.Training;
using GmailCluster.Data.Storage;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Tasks;
using GmailCluster.Learning.Tests.Exchange;
using GmailCluster.Specs;
using GmailCluster.Stages;
using Microsoft.Extensions.Logging.Abstractions;

namespace GmailCluster.Cluster.Tests.Training.Simulation;

/// <summary>
/// A cluster without processes: silos with the real code for runs, a simulated transport and clock, and an owner that can be
/// lost like any silo. Acts strike at the n-th message, whatever it is.
/// </summary>
internal sealed class SimCluster : IRunSilos, IAsyncDisposable
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(30); // bounds a failure: ending must not hang

    private readonly Lock _lock = new();
    private readonly Dictionary<string, SimSilo> _silos = new(StringComparer.Ordinal);
    private readonly SortedDictionary<int, Action> _acts = [];
    private readonly List<string> _events = [];
    private readonly ComputePool _pool;
    private readonly FastClock _clock;
    private readonly InMemoryNetwork _network;
    private readonly RunOptions _options = new()
    {
        AnswerLimit = TimeSpan.FromSeconds(1),
        BeginLimit = TimeSpan.FromSeconds(3),
        LookPeriod = TimeSpan.FromSeconds(0.5),
        HoldLimit = TimeSpan.FromSeconds(5),
    };

    private RunController? _owner;
    private CancellationTokenSource _ownerLost = new();
    private long _stored;
    private int _messages;
    private int _named;
    private bool _isOver;

    public SimCluster(ComputePool pool, FastClock clock, int worldSize = 4, int steps = 20, int checkpointEvery = 5)
    {
        (_pool, _clock, Steps) = (pool, clock, steps);
        _network = new InMemoryNetwork(clock) { BeforeDelivery = _ => Strike() };
        var run = new RunSettings(0, worldSize, new CheckpointSpec { EverySteps = checkpointEvery, Keep = 2 });
        Stage = new Stage
        {
            Key = new ArtifactKey("0123456789abcdef0123456789abcdef"),
            Kind = StageKind.Caption,
            Title = "tiny",
            Needs = [],
            Size = steps,
            Unit = "steps",
            Settings = System.Text.Json.JsonSerializer.Serialize(
                new TrainSettings(Arm.Naive, null, null, new SweepPoint(1, 1), "", null, null, null, null, null, run), StageJson.Options),
        };
    }

    public Stage Stage { get; }

    /// <summary>Awaited by each rank before its step: (silo, step).</summary>
    public Func<string, int, Task> OnStep { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Called with each event that is told.</summary>
    public Action<string> OnEvent { get; set; } = _ => { };

    public int Steps { get; }

    public MemoryStore Store { get; } = new();

    /// <summary>What the owners told.</summary>
    public IReadOnlyList<string> Events
    {
        get
        {
            lock (_lock)
            {
                return [.. _events];
            }
        }
    }

    /// <summary>Messages so far.</summary>
    public int Messages => _messages;

    public RunPlan? Plan => _owner?.Plan;

    public void At(int message, Action act)
    {
        lock (_lock)
        {
            _acts[message] = _acts.TryGetValue(message, out var earlier) ? earlier + act : act;
        }
    }

    public string Add(int slots = 1)
    {
        // Not under this lock: the network calls back under its own.
        var name = $"s{Interlocked.Increment(ref _named) - 1}";
        var silo = new SimSilo(name, Services(name, slots));
        foreach (var frozen in Silos.Where(other => Find(other) is { IsFrozen: true }))
        {
            _network.Cut(name, frozen);
        }

        lock (_lock)
        {
            if (!_isOver)
            {
                _silos[name] = silo;
            }
        }

        _owner?.SilosChanged();
        return name;
    }

    /// <summary>kill -9: its connections break at once, the cluster notices soon.</summary>
    public void Kill(string silo)
    {
        if (Find(silo) is { } found)
        {
            found.IsDead = true;
            found.Thaw();
            _network.Kill(silo);
            found.Ending = Task.Run(async () => await found.Host.DisposeAsync());
            _owner?.SilosChanged();
        }
    }

    /// <summary>SIGSTOP: it answers nobody, and its peers' heartbeats miss it.</summary>
    public void Hang(string silo)
    {
        if (Find(silo) is { } found && !_isOver)
        {
            found.Freeze();
            foreach (var other in Others(silo))
            {
                _network.Cut(silo, other);
            }
        }
    }

    /// <summary>SIGCONT: it goes on where it was, under a plan that is over.</summary>
    public void Resume(string silo)
    {
        if (Find(silo) is { } found)
        {
            foreach (var other in Others(silo))
            {
                _network.Mend(silo, other);
            }

            found.Thaw();
        }
    }

    public Task Drain(string silo) => Find(silo)?.Host.Drain(CancellationToken.None) ?? Task.CompletedTask;

    public void Separate(string one, string other) => _network.Cut(one, other);

    /// <summary>The silo of the run's owner dies: another owner begins from the store.</summary>
    public void LoseOwner() => _ownerLost.Cancel();

    public IReadOnlyList<string> Silos
    {
        get
        {
            lock (_lock)
            {
                return [.. _silos.Values.Where(silo => !silo.IsDead).Select(silo => silo.Name)];
            }
        }
    }

    /// <summary>Runs to the end; owners that are lost are replaced.</summary>
    public async Task<StageFailure?> Run(CancellationToken cancellationToken)
    {
        while (true)
        {
            CancellationTokenSource lost;
            lock (_lock)
            {
                lost = _ownerLost = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                _owner = new RunController(Stage, TrainingRunGrain.RunOf(Stage).WorldSize, this, new Ledger(this), _options, _clock);
            }

            try
            {
                return await _owner.Run("the run begins", wasLed: false, lost.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                if (await StageRecords.Read(Store, Stage.Key, cancellationToken) is not null)
                {
                    return null; // as the grain that is activated elsewhere finds it
                }
            }
        }
    }

    /// <summary>Stops the owner and saves, as a cancelled run does.</summary>
    public Task Close() => _owner!.Close();

    /// <summary>SHA-256 of the trained weights.</summary>
    public async Task<string> Result(CancellationToken cancellationToken)
    {
        var record = await StageRecords.Read(Store, Stage.Key, cancellationToken);
        Assert.NotNull(record);
        foreach (var file in record.Files)
        {
            Assert.Equal(file.Sha256, Convert.ToHexStringLower(SHA256.HashData(await Store.ReadAllBytes(file.ObjectKey, cancellationToken))));
        }

        return record.Files.Single(file => file.ObjectKey.EndsWith("/values", StringComparison.Ordinal)).Sha256;
    }

    public async ValueTask DisposeAsync()
    {
        SimSilo[] silos;
        lock (_lock)
        {
            _isOver = true; // whatever struck now would freeze or add a silo that nobody ends any more
            silos = [.. _silos.Values];
        }

        foreach (var silo in silos)
        {
            silo.Thaw();
            await silo.Ending.WaitAsync(EndLimit);
            await silo.Host.DisposeAsync().AsTask().WaitAsync(EndLimit);
        }
    }

    public IReadOnlyList<string> Alive() => Silos;

    public Task<RunReport> Prepare(string silo, long generationNumber, CancellationToken cancellationToken) =>
        Ask(silo, run => run.Prepare(generationNumber, cancellationToken));

    public Task<LoadAnswer> Load(string silo, LoadOrder order, CancellationToken cancellationToken) => Ask(silo, run => run.Load(order, cancellationToken));

    public Task<BeginAnswer> Begin(string silo, RankAssignment assignment, CancellationToken cancellationToken) =>
        Ask(silo, run => Task.FromResult(run.Begin(assignment) ? BeginAnswer.Begun : BeginAnswer.Stale));

    public Task Hold(string silo, long generationNumber, CancellationToken cancellationToken) => Ask(silo, run =>
    {
        run.Hold(generationNumber);
        return Task.FromResult(true);
    });

    public Task<FinishAnswer> Finish(string silo, FinishOrder order, CancellationToken cancellationToken) => Ask(silo, run => run.Finish(order, cancellationToken));

    public Task Close(string silo, long generationNumber, bool saveState, CancellationToken cancellationToken) => Ask(silo, async run =>
    {
        await run.Close(generationNumber, saveState);
        return true;
    });

    public Task<RunProgress?> GetProgress(string silo, CancellationToken cancellationToken) => Ask(silo, run => Task.FromResult(run.GetProgress()));

    private string[] Others(string silo) => [.. Silos.Where(other => other != silo)];

    private Task Strike()
    {
        OnMessage();
        return Task.CompletedTask;
    }

    private SimSilo? Find(string silo)
    {
        lock (_lock)
        {
            return _silos.TryGetValue(silo, out var found) && !found.IsDead ? found : null;
        }
    }

    // The question is a message, and so is the answer: a silo may be struck between them, when it has acted but nobody knows.
    private async Task<T> Ask<T>(string silo, Func<LocalRun, Task<T>> call)
    {
        OnMessage();
        var found = Find(silo) ?? throw new InvalidOperationException($"{silo} is dead");
        await found.WhenAwake();
        var answer = await call(found.Host.Run(Stage.Key));
        OnMessage();
        await found.WhenAwake();
        return found.IsDead ? throw new InvalidOperationException($"{silo} died") : answer;
    }

    private void OnMessage()
    {
        var act = default(Action);
        lock (_lock)
        {
            _acts.Remove(++_messages, out act);
            act = _isOver ? null : act;
        }

        act?.Invoke();
    }

    private RunServices Services(string name, int slots) => new(
        name,
        Store,
        slots == _pool.Slots ? _pool : new ComputePool(slots),
        _network.Plane(name),
        (_, _) => Task.FromResult(new OpenedTask(new TinyTask { OnStep = step => OnStep(name, step) }, new OptimizerSpec { LearningRate = 1e-2, WarmupSteps = 3, ClipNorm = 1 }, Steps)),
        async (_, _) =>
        {
            await AwakeOrDead(name);
            return Interlocked.Read(ref _stored);
        },
        async (_, report, cancellationToken) =>
        {
            OnMessage();
            await AwakeOrDead(name);
            cancellationToken.ThrowIfCancellationRequested();
            _owner?.Report(report);
        },
        _clock,
        NullLoggerFactory.Instance);

    private async Task AwakeOrDead(string name)
    {
        SimSilo silo;
        lock (_lock)
        {
            silo = _silos[name];
        }

        await silo.WhenAwake();
        if (silo.IsDead)
        {
            throw new InvalidOperationException($"{name} is dead");
        }
    }

    private sealed class Ledger(SimCluster cluster) : IRunLedger
    {
        public long GenerationNumber { get; private set; } = Interlocked.Read(ref cluster._stored);

        public Task<long> RaiseGeneration(CancellationToken cancellationToken)
        {
            cluster.OnMessage();
            cancellationToken.ThrowIfCancellationRequested();
            var next = GenerationNumber + 1;
            return Interlocked.CompareExchange(ref cluster._stored, next, GenerationNumber) == GenerationNumber
                ? Task.FromResult(GenerationNumber = next)
                : throw new InvalidOperationException("Another owner has raised the generation number.");
        }

        public Task<int?> FindNewestCheckpoint(CancellationToken cancellationToken) =>
            new CheckpointStore(cluster.Store, cluster.Stage.Key).FindNewestStep(cancellationToken);

        public void Tell(string text)
        {
            lock (cluster._lock)
            {
                cluster._events.Add(text);
            }

            cluster.OnEvent(text);
        }
    }
}
