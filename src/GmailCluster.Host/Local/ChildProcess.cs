using System.Diagnostics;
using GmailCluster.Errors;

namespace GmailCluster.Host.Local;

/// <summary>
/// A process that lives no longer than this one. Its standard input stays open while it is wanted: closing it asks the child to
/// end, and the kernel closes it when this process dies, however it dies. It is in a session of its own, so Ctrl-C in the
/// terminal reaches only this process, which then ends its children in order.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;

    private ChildProcess(string name, Process process) => (Name, _process) = (name, process);

    /// <summary>For people: <c>silo 1</c>.</summary>
    public string Name { get; }

    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Starts a program.</summary>
    /// <param name="name">For people.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="environment">Variables to remove.</param>
    /// <param name="onLine">Told of each line it prints, from any thread.</param>
    public static ChildProcess Start(string name, IReadOnlyList<string> command, IEnumerable<string> environment, Action<string> onLine)
    {
        IReadOnlyList<string> whole = Programs.Find("setsid") is { } session ? [session, .. command] : command;
        var start = new ProcessStartInfo(whole[0], whole.Skip(1))
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var variable in environment)
        {
            start.Environment.Remove(variable);
        }

        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) => Tell(line.Data);
        process.ErrorDataReceived += (_, line) => Tell(line.Data);
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            process.Dispose();
            throw new GmailClusterException(name, $"could not be started: {e.Message}.", $"Look at '{command[0]}'.", e);
        }

        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new ChildProcess(name, process);

        void Tell(string? line)
        {
            if (line is not null)
            {
                onLine(line);
            }
        }
    }

    /// <summary>Completes when it has ended and all its lines were told.</summary>
    public Task Ended(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <summary>Asks it to end, and ends it when it has not within a limit.</summary>
    public async Task Stop(TimeSpan limit, TimeProvider time)
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended: nobody reads.
        }

        try
        {
            await _process.WaitForExitAsync().WaitAsync(limit, time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync().ConfigureAwait(false);
        }
    }

    public void Dispose() => _process.Dispose();
}
