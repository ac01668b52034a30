using System.Diagnostics;

namespace GmailCluster.Deployment.Tests.Processes;

/// <summary>What a program printed and returned.</summary>
internal sealed record Command(string Line, int ExitCode, string Out, string Error)
{
    /// <summary>Runs a program to its end; kills it and fails when it takes longer than <paramref name="limit"/> (default one minute).</summary>
    public static async Task<Command> Run(string program, IEnumerable<string> arguments, string? input = null, TimeSpan? limit = null)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = RepositoryRoot.Folder,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var line = string.Join(' ', [Path.GetFileName(program), .. start.ArgumentList]);
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input);
        }

        process.StandardInput.Close();
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limited.CancelAfter(limit ?? TimeSpan.FromMinutes(1));
        try
        {
            await process.WaitForExitAsync(limited.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{line}' did not end within {limit ?? TimeSpan.FromMinutes(1)}.");
        }

        return new Command(line, process.ExitCode, await output, await error);
    }

    /// <summary>What it printed, where it must have ended well.</summary>
    public string Text => ExitCode == 0 ? Out : throw new InvalidOperationException($"'{Line}' ended with {ExitCode}:\n{Error}\n{Out}");
}
