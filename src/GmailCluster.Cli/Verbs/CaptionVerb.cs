using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Data.Storage;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Use;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster caption PICTURE... --model FOLDER</c>: captions pictures with a trained CLIPCap or LLaVA.</summary>
internal static class CaptionVerb
{
    public static Command Create(CliContext context)
    {
        var pictures = PicturesArgument.Create();
        var model = new Option<string>("--model") { Description = "A CLIPCap or LLaVA folder, or runs/KEY of the store.", HelpName = "FOLDER", Required = true };
        var clip = new Option<string?>("--clip") { Description = "The CLIP folder that CLIPCap was trained on. LLaVA has its own image tower.", HelpName = "FOLDER" };
        var tokenizer = new Option<string?>("--tokenizer") { Description = "The language model's folder. Default: the tokenizer beside the model.", HelpName = "FOLDER" };
        var prompt = new Option<string?>("--prompt") { Description = "LLaVA's question, with <image> where the picture goes. Default: as trained.", HelpName = "TEXT" };
        var maxTokens = CountOption.Create("--max-tokens", "Longest caption, in tokens. Default: as evaluated.", 4096);
        var beams = CountOption.Create("--beams", "Beams; 1 is greedy. Default: as evaluated.", 64);
        var store = StoreOption.Create();
        var slots = SlotsOption.Create();
        var command = new Command("caption", "Caption pictures with a trained CLIPCap or LLaVA: one line each, its name, a tab, its caption.")
        {
            pictures, model, clip, tokenizer, prompt, maxTokens, beams, store, slots,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var folder = await TrainedFolder.Open(parsed.GetRequiredValue(model), ObjectStores.Open(parsed.GetRequiredValue(store)), cancellationToken);
            using var captioner = Captioner.Open(new CaptionerOptions(folder.Path)
            {
                ClipFolder = parsed.GetValue(clip),
                TokenizerFolder = parsed.GetValue(tokenizer),
                Prompt = parsed.GetValue(prompt),
                MaxTokens = parsed.GetValue(maxTokens),
                Beams = parsed.GetValue(beams),
            });
            await using var pool = new ComputePool(parsed.GetValue(slots));
            var tally = new PictureTally(context);
            await foreach (var seen in captioner.Caption(parsed.GetRequiredValue(pictures), pool, cancellationToken))
            {
                if (tally.Takes(seen))
                {
                    await context.Out.WriteLineAsync($"{seen.Name}\t{seen.Result}");
                }
            }

            return tally.ExitCode();
        });
        return command;
    }
}
