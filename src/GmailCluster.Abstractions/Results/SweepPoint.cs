namespace GmailCluster.Results;

/// <summary>How much of the generated data a model of a scaling sweep was trained on.</summary>
/// <param name="DataFraction">Fraction of the captions, above 0 and up to 1.</param>
/// <param name="ImagesPerCaption">Images of each caption.</param>
/// <param name="Images">How many generated images that is; null when unknown.</param>
public sealed record SweepPoint(double DataFraction, int ImagesPerCaption, int? Images = null);
