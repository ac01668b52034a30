using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace GmailCluster.Processes;

/// <summary>The built command as a process of its own, its output not a terminal; or any other program.</summary>
internal sealed class CommandProcess : IDisposable
{
    // Bounds a failure, nothing else: a busy machine is slow.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _out = new();
    private readonly ConcurrentQueue<string> _error = new();
    private readonly Action<string>? _onLine;
    private TaskCompletionSource _line = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private CommandProcess(
        string folder, IEnumerable<KeyValuePair<string, string>> environment, IEnumerable<string> command, bool hasInput = false, Action<string>? onLine = null)
    {
        _onLine = onLine;

        // A shell that starts the tests in the background ignores SIGINT for its children: they are to heed it as in a terminal.
        var start = new ProcessStartInfo("env", ["--default-signal=INT,TERM", .. command])
        {
            WorkingDirectory = folder, RedirectStandardInput = hasInput, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var variable in start.Environment.Keys.Where(name => name.StartsWith("GMAILCLUSTER_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(variable);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Add(_out, line.Data);
        _process.ErrorDataReceived += (_, line) => Add(_error, line.Data);
    }

    public static async Task<CliRun> Run(string folder, params string[] args)
    {
        using var process = Start(folder, args);
        return await process.End();
    }

    public static CommandProcess Start(string folder, params string[] args) => StartWith(folder, new Dictionary<string, string>(), args);

    /// <summary>Starts with variables beside, or instead of, this process's own.</summary>
    public static CommandProcess StartWith(string folder, IReadOnlyDictionary<string, string> environment, params string[] args) =>
        new CommandProcess(folder, environment, Gmailcluster(args)).Begin();

    /// <summary>Starts a program whose standard input ends with this process.</summary>
    /// <param name="folder">Where it works.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="onLine">Told of each line it prints, from any thread.</param>
    public static CommandProcess StartProgram(string folder, IEnumerable<string> command, Action<string>? onLine = null) =>
        new CommandProcess(folder, [], command, hasInput: true, onLine).Begin();

    /// <summary>The command line of the built command.</summary>
    public static IEnumerable<string> Gmailcluster(params IEnumerable<string> args) => ["dotnet", Path.Combine(AppContext.BaseDirectory, "gmailcluster.dll"), .. args];

    /// <summary>Its process.</summary>
    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    private CommandProcess Begin()
    {
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        return this;
    }

    /// <summary>Ctrl-C.</summary>
    public void Interrupt() => Signal("-INT");

    /// <summary>As an orchestrator asks a process to end.</summary>
    public void Terminate() => Signal("-TERM");

    /// <summary>It stands still: SIGSTOP.</summary>
    public void Freeze() => Signal("-STOP");

    /// <summary>It goes on where it stood: SIGCONT.</summary>
    public void Thaw() => Signal("-CONT");

    /// <summary>Asks a program to end that was started with an input.</summary>
    public void CloseInput() => _process.StandardInput.Close();

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [signal, _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        if (kill.ExitCode != 0)
        {
            throw new InvalidOperationException($"kill {signal} {_process.Id}: exit code {kill.ExitCode}");
        }
    }

    /// <summary>kill -9.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Waits until something holds in a folder, looking whenever a file changes there; fails when the process ends before.</summary>
    public async Task Until(string folder, Func<bool> holds)
    {
        using var changed = new SemaphoreSlim(0);
        using var watcher = new FileSystemWatcher(folder) { IncludeSubdirectories = true };
        watcher.Created += (_, _) => changed.Release();
        watcher.Deleted += (_, _) => changed.Release();
        watcher.Renamed += (_, _) => changed.Release();
        watcher.Error += (_, _) => changed.Release();
        watcher.EnableRaisingEvents = true;
        var ended = _process.WaitForExitAsync();
        while (!holds())
        {
            RefuseEnd(ended.IsCompleted);
            await Task.WhenAny(changed.WaitAsync(), ended).WaitAsync(Limit, TimeProvider.System);
        }
    }

    /// <summary>Waits for a line of its output; fails when the process ends before.</summary>
    public async Task<string> Line(Func<string, bool> isIt)
    {
        var ended = _process.WaitForExitAsync();
        while (true)
        {
            var hasEnded = ended.IsCompleted;
            var wait = _line.Task; // taken before looking: a line that comes after the look completes it
            if (_out.Concat(_error).FirstOrDefault(isIt) is { } line)
            {
                return line;
            }

            RefuseEnd(hasEnded);
            await Task.WhenAny(wait, ended).WaitAsync(Limit, TimeProvider.System);
        }
    }

    /// <summary>Waits for the end.</summary>
    public async Task<CliRun> End()
    {
        await _process.WaitForExitAsync().WaitAsync(Limit, TimeProvider.System);
        return new CliRun(_process.ExitCode, Text(_out), Text(_error));
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit(); // it may write to a folder that is about to go
        }

        _process.Dispose();
    }

    private void Add(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
        {
            lines.Enqueue(line);
            _onLine?.Invoke(line);
            Interlocked.Exchange(ref _line, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }
    }

    private void RefuseEnd(bool hasEnded)
    {
        if (hasEnded)
        {
            throw new InvalidOperationException($"The command ended before what was waited for: {string.Join('\n', _out)}{string.Join('\n', _error)}");
        }
    }

    private static string Text(IEnumerable<string> lines) => string.Concat(lines.Select(line => $"{line}\n"));
}
