using Microsoft.Extensions.Time.Testing;

namespace GmailCluster.Cluster.Tests.Training.Simulation;

/// <summary>A clock that runs many times faster than the wall's, driven by one loop: limits of seconds pass in a moment.</summary>
internal sealed class FastClock : FakeTimeProvider, IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);
    private readonly PeriodicTimer _timer = new(Tick, System);
    private readonly Task _driving;

    public FastClock(int timesFaster) => _driving = Drive(Tick * timesFaster);

    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _driving;
    }

    private async Task Drive(TimeSpan step)
    {
        while (await _timer.WaitForNextTickAsync())
        {
            Advance(step);
        }
    }
}
