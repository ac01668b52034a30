using GmailCluster.Data.Features;
using GmailCluster.Errors;

namespace GmailCluster.Learning.Arms;

/// <summary>One kind of picture that an arm trains on: captions, and the rows of their pictures' features.</summary>
public sealed class ArmPictures
{
    private ArmPictures(IReadOnlyList<CaptionedItem> items, IReadOnlyList<IReadOnlyList<int>> rows, FeatureTable features)
    {
        Items = items;
        Rows = rows;
        Features = features;
    }

    /// <summary>The captions.</summary>
    public IReadOnlyList<CaptionedItem> Items { get; }

    /// <summary>For each caption, the rows of <see cref="Features"/> that stand for it.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Rows { get; }

    /// <summary>Frozen features.</summary>
    public FeatureTable Features { get; }

    /// <summary>Real pictures: one row a caption.</summary>
    public static ArmPictures Real(IReadOnlyList<CaptionedItem> items, FeatureTable features) => new(items, Match(items, features, 1), features);

    /// <summary>Generated pictures: a part of the captions and the first images of each.</summary>
    public static ArmPictures Generated(IReadOnlyList<CaptionedItem> items, FeatureTable features, double fraction, int imagesPerCaption)
    {
        var chosen = DataFraction.Choose(items, fraction);
        return new(chosen, Match(chosen, features, imagesPerCaption), features);
    }

    private static int[][] Match(IReadOnlyList<CaptionedItem> items, FeatureTable features, int count)
    {
        // Ids are "caption" for real and "caption#k" for generated pictures, in order of k.
        var rows = features.Ids.Select((id, row) => (Caption: PictureId.CaptionOf(id), row)).ToLookup(p => p.Caption, p => p.row, StringComparer.Ordinal);
        return [.. items.Select(item =>
        {
            var own = rows[item.Id].Take(count).ToArray();
            return own.Length == count
                ? own
                : throw new GmailClusterException(
                    $"caption {item.Id}", $"has {own.Length} pictures, {count} are needed.", "Remove the features' folder in the store and run the spec again.");
        })];
    }
}
