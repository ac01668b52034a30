using GmailCluster.Learning.Exchange;
using Microsoft.Extensions.Time.Testing;

namespace GmailCluster.Learning.Tests.Exchange;

/// <summary>The test double keeps the contract that the real transport keeps.</summary>
public sealed class InMemoryDataPlaneTests : DataPlaneConformance
{
    protected override Task<IDataPlaneWorld> World(int silos) => Task.FromResult<IDataPlaneWorld>(new InMemoryWorld(silos));

    private sealed class InMemoryWorld : IDataPlaneWorld
    {
        private readonly FakeTimeProvider _time = new();
        private readonly InMemoryNetwork _network;

        public InMemoryWorld(int silos)
        {
            _network = new InMemoryNetwork(_time);
            Planes = [.. Enumerable.Range(0, silos).Select(i => _network.Plane($"silo-{i}"))];
        }

        public IReadOnlyList<IDataPlane> Planes { get; }

        public Task Break(int silo)
        {
            _network.Kill($"silo-{silo}");
            return Task.CompletedTask;
        }

        public async Task Silence(int silo)
        {
            var silences = Planes.Where((_, i) => i != silo).Select(other => _network.Silence($"silo-{silo}", other.Address)).ToArray();
            _time.Advance(_network.HeartbeatTimeout);
            await Task.WhenAll(silences);
        }

        public Task<IRunExchange> JoinTimesOut(Task<IRunExchange> join)
        {
            _time.Advance(_network.JoinTimeout);
            return join;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
