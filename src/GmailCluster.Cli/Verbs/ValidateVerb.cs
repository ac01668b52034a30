using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Specs;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster validate SPEC</c>: checks a spec whole and starts nothing.</summary>
internal static class ValidateVerb
{
    public static Command Create(CliContext context)
    {
        var spec = SpecArgument.Create();
        var command = new Command("validate", "Check a spec and the files it names; list every mistake with its line.") { spec };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(spec), context));
        return command;
    }

    private static int Run(string path, CliContext context)
    {
        var loaded = SpecReader.Read(path);
        context.Out.WriteLine($"{path}: the spec is valid.");
        foreach (var fact in SpecFacts.Of(loaded.Spec))
        {
            context.Out.WriteLine($"  {fact}");
        }

        return 0;
    }
}
