using System.CommandLine;
using System.CommandLine.Parsing;
using GmailCluster.Specs;

namespace GmailCluster.Cli;

/// <summary>What is wrong with a command line, in words that name the cure.</summary>
internal static class UsageProblems
{
    /// <summary>One line a problem, and where help is.</summary>
    public static IEnumerable<string> Of(ParseResult parsed, RootCommand root)
    {
        var command = parsed.CommandResult.Command;
        var told = command == root && parsed.UnmatchedTokens is [var verb, ..]
            ? [$"'{verb}' is no verb of gmailcluster.{Suggestion(verb, root.Subcommands.Select(known => known.Name))}"]
            : Unknown(parsed, root).Concat(Missing(parsed)).Concat(parsed.Errors.Where(error => error.SymbolResult is OptionResult).Select(error => error.Message)).ToList();
        return (told.Count > 0 ? told : [.. parsed.Errors.Select(error => error.Message)])
            .Append($"'gmailcluster {(command == root ? "" : $"{command.Name} ")}--help' shows how it is used.");
    }

    private static IEnumerable<string> Unknown(ParseResult parsed, RootCommand root)
    {
        var command = parsed.CommandResult.Command;
        var names = command.Options.Concat(root.Options.Where(option => option.Recursive)).Select(option => option.Name).ToArray();
        var isValueOfUnknown = false;
        foreach (var token in parsed.UnmatchedTokens)
        {
            var isOption = token.StartsWith('-');
            if (isOption)
            {
                yield return $"'{token}' is no option of {command.Name}.{Suggestion(token, names)}";
            }
            else if (!isValueOfUnknown)
            {
                yield return $"'{token}' is one argument too many for {command.Name}.";
            }

            isValueOfUnknown = isOption;
        }
    }

    private static IEnumerable<string> Missing(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        return command.Arguments
            .Where(argument => argument.Arity.MinimumNumberOfValues > (parsed.GetResult(argument)?.Tokens.Count ?? 0))
            .Select(argument => $"{command.Name} needs {argument.Name}: {argument.Description}");
    }

    private static string Suggestion(string word, IEnumerable<string> known) => Nearest.To(word, known) is { } near ? $" Did you mean {near}?" : "";
}
