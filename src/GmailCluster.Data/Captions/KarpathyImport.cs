using GmailCluster.Data.Json;
using GmailCluster.Errors;

namespace GmailCluster.Data.Captions;

/// <summary>
/// Karpathy's JSON for COCO and Flickr30k (<c>dataset_coco.json</c>): <c>images</c>, each with <c>filepath</c> (COCO alone),
/// <c>filename</c>, <c>split</c> and <c>sentences</c>. Its training set is usually taken as the splits <c>train+restval</c>.
/// </summary>
internal static class KarpathyImport
{
    public static void Read(DatasetBuilder builder)
    {
        using var file = JsonFile.Open(builder.Path);
        IReadOnlyList<System.Text.Json.JsonElement> images;
        try
        {
            images = JsonFields.List(file.Element, "images");
        }
        catch (BadRecordException e)
        {
            throw new InputException(builder.Path, $"is not Karpathy's JSON: 'images' {e.Message}", "Give a file such as dataset_coco.json.");
        }

        foreach (var (i, image) in images.Index())
        {
            builder.Record($"images[{i}]", () =>
            {
                var split = JsonFields.Text(image, "split");
                if (!builder.Wants(split))
                {
                    return;
                }

                var sentences = JsonFields.List(image, "sentences").Select(sentence => JsonFields.Text(sentence, "raw")).ToList();
                var id = JsonFields.Text(image, "cocoid") ?? JsonFields.Text(image, "imgid");
                var name = JsonFields.Text(image, "filename") ?? throw new BadRecordException("filename", "is missing.");
                var folder = JsonFields.Text(image, "filepath") ?? "";
                builder.Add(
                    id, "imgid", sentences, null, split, JsonFields.Others(image, "sentences", "split", "sentids"),
                    builder.File(Path.Combine(folder, name), "filename"), captionColumn: "sentences");
            });
        }
    }
}
