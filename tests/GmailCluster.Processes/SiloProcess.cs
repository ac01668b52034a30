using GmailCluster.Host.Local;

namespace GmailCluster.Processes;

/// <summary>One silo, as a process that can be struck.</summary>
internal sealed class SiloProcess : IDisposable
{
    private readonly CommandProcess _process;

    public SiloProcess(string folder, Uri metrics, IEnumerable<string> command, RunJournal journal)
    {
        Metrics = metrics;
        _process = CommandProcess.StartProgram(folder, command, line => journal.Hear(this, line));
    }

    /// <summary>Where Prometheus would ask it.</summary>
    public Uri Metrics { get; }

    /// <summary><c>IP:PORT</c>, as plans name it; empty until it has joined.</summary>
    public string Address { get; private set; } = "";

    public bool HasEnded => _process.HasEnded;

    /// <summary>Completes when it has started as far as it can without the others.</summary>
    public Task Listens() => _process.Line(line => line.Contains("The data plane listens at", StringComparison.Ordinal));

    /// <summary>Completes when it is a member of the cluster.</summary>
    public async Task Joined()
    {
        var line = await _process.Line(line => line.StartsWith(LocalCluster.JoinedPrefix, StringComparison.Ordinal));
        Address = line.Split(' ')[1];
    }

    /// <summary>kill -9.</summary>
    public void Kill() => _process.Kill();

    /// <summary>SIGSTOP.</summary>
    public void Freeze() => _process.Freeze();

    /// <summary>SIGCONT.</summary>
    public void Thaw() => _process.Thaw();

    /// <summary>It gets a twentieth of the time, until it is told otherwise: a short run must last until that shows.</summary>
    public async Task Slow(CancellationToken until)
    {
        while (!until.IsCancellationRequested)
        {
            Freeze();
            await Task.Delay(TimeSpan.FromMilliseconds(190), TimeProvider.System, CancellationToken.None);
            Thaw();
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>SIGTERM: it is to hand over and leave.</summary>
    public void Drain() => _process.Terminate();

    /// <summary>Waits until something holds in a folder; fails when the silo ends before.</summary>
    public Task Until(string folder, Func<bool> holds) => _process.Until(folder, holds);

    /// <summary>Waits for its end.</summary>
    public Task<CliRun> End() => _process.End();

    public void Dispose() => _process.Dispose();
}
