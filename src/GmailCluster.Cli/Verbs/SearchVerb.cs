using System.CommandLine;
using System.Globalization;
using GmailCluster.Cli.Display;
using GmailCluster.Data.Storage;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Use;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster search TEXT --pictures FOLDER --clip FOLDER</c>: the pictures that a text fits best.</summary>
internal static class SearchVerb
{
    private const int DefaultTop = 5;

    public static Command Create(CliContext context)
    {
        var text = new Argument<string>("TEXT") { Description = "What to look for." };
        var pictures = new Option<string[]>("--pictures")
        {
            Description = "Where to look: folders of pictures, pictures, WebDataset tars; may be repeated.", HelpName = "FOLDER", Required = true,
        };
        var clip = new Option<string>("--clip") { Description = "The CLIP folder, whose image tower sees the pictures.", HelpName = "FOLDER", Required = true };
        var textModel = new Option<string?>("--text-model") { Description = "A text tower instead of CLIP's own, or runs/KEY of a retrieve or long run.", HelpName = "FOLDER" };
        var top = CountOption.Create("--top", $"How many pictures to show. Default {DefaultTop}.", int.MaxValue);
        var store = StoreOption.Create();
        var slots = SlotsOption.Create();
        var command = new Command("search", "Rank pictures for a text by the cosine of their embeddings.") { text, pictures, clip, textModel, top, store, slots };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (clipFolder, named) = (parsed.GetRequiredValue(clip), parsed.GetValue(textModel));
            using var tower = named is null ? null : await TrainedFolder.Open(named, ObjectStores.Open(parsed.GetRequiredValue(store)), cancellationToken);
            using var encoder = PictureEncoder.Open(clipFolder);
            using var texts = TextEncoder.Open(tower?.Path ?? clipFolder, clipFolder);
            PictureSearch.RequireOneSpace(encoder, texts, clipFolder, named ?? clipFolder);
            await using var pool = new ComputePool(parsed.GetValue(slots));
            var found = await PictureSearch.Scores(parsed.GetRequiredValue(text), parsed.GetRequiredValue(pictures), encoder, texts, pool, cancellationToken);
            return Show(found, parsed.GetValue(top) ?? DefaultTop, context);
        });
        return command;
    }

    private static int Show(IReadOnlyList<Seen<float>> found, int top, CliContext context)
    {
        var tally = new PictureTally(context);
        var ranked = found.Where(tally.Takes).OrderByDescending(seen => seen.Result).ThenBy(seen => seen.Name, StringComparer.Ordinal).Take(top).ToArray();
        if (ranked.Length > 0)
        {
            PlainTable.Write(context.Out, ["rank", "cosine", "picture"], [.. ranked.Select((seen, i) => new[]
            {
                (i + 1).ToString(CultureInfo.InvariantCulture), seen.Result.ToString("0.0000", CultureInfo.InvariantCulture), seen.Name,
            })]);
        }

        return tally.ExitCode();
    }
}
