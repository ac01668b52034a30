using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Errors;
using GmailCluster.Models.Clip;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster convert SOURCE TARGET --to LAYOUT</c>: writes a CLIP folder again in another layout.</summary>
internal static class ConvertVerb
{
    private static readonly (string Word, ClipLayout Layout)[] Layouts =
        [("huggingface", ClipLayout.HuggingFace), ("open_clip", ClipLayout.OpenClip), ("openai", ClipLayout.OpenAi)];

    public static Command Create(CliContext context)
    {
        var source = new Argument<string>("SOURCE") { Description = "A CLIP folder in any of the layouts." };
        var target = new Argument<string>("TARGET") { Description = "A folder to write; new or empty." };
        var to = new Option<string>("--to") { Description = "The layout to write.", HelpName = "LAYOUT", Required = true };
        to.AcceptOnlyFromAmong([.. Layouts.Select(layout => layout.Word)]);
        var command = new Command("convert", "Write a CLIP folder again in the layout of Hugging Face, open_clip or OpenAI.") { source, target, to };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(source), parsed.GetRequiredValue(target), parsed.GetRequiredValue(to), context));
        return command;
    }

    private static int Run(string source, string target, string word, CliContext context)
    {
        if (!Directory.Exists(source))
        {
            throw new InputException(source, "is no folder.", "Name a CLIP folder with .safetensors weights.");
        }

        if (File.Exists(target) || (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any()))
        {
            throw new InputException(target, "is there already and not empty.", "Name a new folder: nothing is overwritten.");
        }

        var layout = Layouts.Single(known => known.Word == word).Layout;
        var from = Layouts.Single(known => known.Layout == ClipCheckpoint.Detect(source)).Word;
        ClipCheckpoint.Convert(source, target, layout);
        context.Out.WriteLine($"{source} ({from}) -> {target} ({word})");
        return 0;
    }
}
